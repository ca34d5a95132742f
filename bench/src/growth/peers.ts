/** A Grainchain and a GitHub that take everything at once, and count what they are asked. */
import { generateKeyPairSync } from "node:crypto";
import type { Budgets } from "../../../consumer/src/github/send.ts";

export const GRAINCHAIN_URL = "https://grainchain.test";
export const GITHUB_URL = "https://github.test";

/** Requests that left the consumer so far. */
export interface Sent {
  grainchain: number;
  github: number;
  /** Of those to GitHub, what creates something: a check run. */
  githubCreates: number;
  /** Calls of the Durable Object that keeps GitHub's budget. */
  budget: number;
}

export const NOTHING_SENT: Readonly<Sent> = { grainchain: 0, github: 0, githubCreates: 0, budget: 0 };

/** Answers as both do. */
export function answering(sent: Sent): typeof fetch {
  return async (input, init) => {
    const url = String(input);
    const method = init?.method ?? "GET";
    return url.startsWith(GRAINCHAIN_URL)
      ? answerAsGrainchain(sent, url, method, init?.body)
      : answerAsGitHub(sent, url, method);
  };
}

function answerAsGrainchain(sent: Sent, url: string, method: string, body: unknown): Response {
  sent.grainchain++;
  if (method !== "POST") return Response.json({ validation_id: "x", status: "running" });
  const { requests } = JSON.parse(String(body)) as { requests: { client_request_id: string }[] };
  const results = requests.map(({ client_request_id }) => ({
    client_request_id,
    success: true,
    message: "",
    validation_id: `grain-${client_request_id}`,
    status: "pending",
  }));
  return url.endsWith("/trigger-batch") ? Response.json({ results }) : Response.json(results[0]);
}

function answerAsGitHub(sent: Sent, url: string, method: string): Response {
  sent.github++;
  if (url.endsWith("/access_tokens")) {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    return Response.json({ token: "token", expires_at }, { status: 201 });
  }
  if (url.endsWith("/installation")) return Response.json({ id: 1 });
  if (method === "POST") sent.githubCreates++;
  return Response.json({ id: sent.github }, { status: method === "POST" ? 201 : 200 });
}

/** Budgets that are never spent. */
export const unlimitedBudgets = (sent: Sent): Budgets => ({
  take: async (_name, _lease, wanted) => {
    sent.budget++;
    return { granted: wanted.map(() => true), retryAtMs: null };
  },
  settle: async () => {
    sent.budget++;
  },
});

export const newPrivateKey = (): string =>
  String(
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }),
  );
