// The floor that knows what it takes: as the floor, and parses the body. Routing by content needs at least that.
const utf8 = new TextDecoder("utf-8", { fatal: true });
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
    const { action } = JSON.parse(utf8.decode(body));
    await env.EVENTS.send({
      id: headers.get("x-github-delivery"),
      event: headers.get("x-github-event"),
      action,
    });
    return new Response('{"success":true}', {
      status: 202,
      headers: { "content-type": "application/json" },
    });
  },
};
