// The service behind a queue binding. workerd turns `send()` into a POST to it, and waits until its body is read.
const TAKEN = JSON.stringify({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } });

export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(TAKEN);
  },
};
