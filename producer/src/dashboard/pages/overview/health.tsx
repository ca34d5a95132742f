/** The gateway's own checks. */
import type { Health } from "../../../health/health.ts";
import { WordBadge } from "../../parts/badge.tsx";
import { None, Prose } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";

export const Checks = ({ health }: { readonly health: Health }) => (
  <Table
    caption="Health checks"
    items={Object.entries(health.checks)}
    keyOf={([name]) => name}
    empty="There are no checks."
    columns={[
      { head: "Check", names: true, kind: "narrow", cell: ([name]) => (name === "api" ? "API" : name) },
      { head: "Status", kind: "narrow", cell: ([, { status }]) => <WordBadge word={status} /> },
      {
        head: "Detail",
        cell: ([, { detail }]) => (detail === undefined ? <None /> : <Prose text={detail} maxLength={300} />),
      },
    ]}
  />
);
