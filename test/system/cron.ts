const CONSUMER = "webhook-gateway-consumer-development";

/** Fires the cron that runs every minute. Resolves once the consumer has handled it. */
export async function fireCron(url: string): Promise<void> {
  const response = await fetch(`${url}/cdn-cgi/local/explorer/api/local/scheduled?worker=${CONSUMER}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ cron: "* * * * *" }),
  });
  if (!response.ok) throw new Error(`the cron failed: ${await response.text()}`);
  await response.body?.cancel();
}

/** The same for a gateway that `npm start` runs, where Wrangler's explorer is off. */
export async function fireLocalCron(url: string): Promise<void> {
  const response = await fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`);
  if (!response.ok) throw new Error(`the cron failed: ${await response.text()}`);
  await response.body?.cancel();
}
