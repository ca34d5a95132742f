/** The deliveries of webhooks, and their redelivery. */

import type { Delivery, Hook } from "../client/spec.ts";
import type { Call, Routes } from "../request/call.ts";
import { cursorPage } from "../request/pages.ts";
import { notFound, Refusal, type Reply } from "../request/reply.ts";
import { foundHook, hookAccess } from "./hooks.ts";
import { redeliver, requestHeaders } from "./redelivery.ts";

function list(call: Call): Reply {
  const { status } = call.query;
  const all = newestFirst(foundHook(call)).filter((one) => status === undefined || outcome(one) === status);
  const page = cursorPage(all, (one) => one.id, call);
  if (page === undefined) throw new Refusal(400, "Invalid cursor");
  return { status: 200, body: page.items.map(item), headers: page.headers };
}

/**
 * How the status filter classifies a delivery, according to the description. A delivery that never reached the
 * receiver is in neither class.
 */
function outcome({ status_code }: Delivery): "success" | "failure" | undefined {
  if (status_code >= 200 && status_code < 400) return "success";
  return status_code >= 400 && status_code < 600 ? "failure" : undefined;
}

function newestFirst({ deliveries }: Hook): Delivery[] {
  return deliveries.toReversed().sort((a, b) => Date.parse(b.delivered_at) - Date.parse(a.delivered_at));
}

const item = ({ payload: _, headers: __, response: ___, ...delivery }: Delivery) => ({
  ...delivery,
  id: BigInt(delivery.id),
});

function get(call: Call): Reply {
  const hook = foundHook(call);
  const delivery = found(hook, call);
  const { payload, response = null } = delivery;
  return {
    status: 200,
    body: {
      ...item(delivery),
      url: hook.url,
      request: { headers: requestHeaders(hook, delivery, JSON.stringify(payload)), payload },
      response: { headers: response === null ? null : { "content-type": "text/plain" }, payload: response },
    },
  };
}

function attempt(call: Call): Reply {
  const hook = foundHook(call);
  redeliver(call, hook, found(hook, call));
  return { status: 202, body: {} };
}

function found(hook: Hook, { params }: Call): Delivery {
  const delivery = hook.deliveries.find((one) => one.id === params.delivery_id);
  if (delivery === undefined) throw notFound();
  return delivery;
}

const read = hookAccess("read");
const write = hookAccess("write");

export const deliveryRoutes: Routes = {
  "orgs/list-webhook-deliveries": { ...read.orgs, serve: list },
  "repos/list-webhook-deliveries": { ...read.repos, serve: list },
  "apps/list-webhook-deliveries": { ...read.apps, serve: list },
  "orgs/get-webhook-delivery": { ...read.orgs, serve: get },
  "repos/get-webhook-delivery": { ...read.repos, serve: get },
  "apps/get-webhook-delivery": { ...read.apps, serve: get },
  "orgs/redeliver-webhook-delivery": { ...write.orgs, serve: attempt },
  "repos/redeliver-webhook-delivery": { ...write.repos, serve: attempt },
  "apps/redeliver-webhook-delivery": { ...write.apps, serve: attempt },
};
