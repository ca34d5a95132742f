// The floor: only what no gateway can leave out. Reads the body, verifies one HMAC over its bytes, sends one message, 202.
let key;

/** @param read what else the message has of the body */
export const acknowledge = (read) => ({
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
    const ids = { id: headers.get("x-github-delivery"), event: headers.get("x-github-event") };
    await env.EVENTS.send({ ...ids, ...read(body) });
    return new Response('{"success":true}', {
      status: 202,
      headers: { "content-type": "application/json" },
    });
  },
});

export default acknowledge(() => ({}));
