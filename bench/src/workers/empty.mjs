// Reads the body and answers, and nothing else: what workerd itself costs. (It resets a connection whose body is not read.)
export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(null, { status: 202 });
  },
};
