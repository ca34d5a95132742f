/** What the contenders with a queue of their own put on it: the ids that a worker needs, as the gateway's fact does. */
export interface DeliveryJob {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly repository: string | null;
  readonly number: number | null;
  readonly head_sha: string | null;
}

interface Payload {
  readonly action?: string;
  readonly repository?: { readonly full_name: string };
  readonly pull_request?: { readonly number: number; readonly head: { readonly sha: string } };
}

export function deliveryJob(id: string, event: string, body: string): DeliveryJob {
  const { action, repository, pull_request: pull } = JSON.parse(body) as Payload;
  return {
    id,
    event,
    action: action ?? null,
    repository: repository?.full_name ?? null,
    number: pull?.number ?? null,
    head_sha: pull?.head.sha ?? null,
  };
}
