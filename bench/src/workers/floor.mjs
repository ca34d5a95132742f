// The floor: only what no gateway can leave out. Reads the body, verifies one HMAC over its bytes, sends one message, 202.
let key;

export default {
  async fetch(request, env) {
    key ??= crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(env.GITHUB_WEBHOOK_SECRET),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    const { headers } = request;
    const body = await request.arrayBuffer();
    const signature = Uint8Array.fromHex(headers.get("x-hub-signature-256").slice("sha256=".length));
    if (!(await crypto.subtle.verify("HMAC", await key, signature, body))) {
      return new Response(null, { status: 401 });
    }
    await env.EVENTS.send({ id: headers.get("x-github-delivery"), event: headers.get("x-github-event") });
    return new Response('{"success":true}', {
      status: 202,
      headers: { "content-type": "application/json" },
    });
  },
};
