/** What is let through to whom. */
import type { GateItem } from "@webhook-gateway/shared/api/overview.ts";
import { Badge } from "../../parts/badge.tsx";
import { Ago, None, Prose, Words } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";
import type { View } from "../../parts/view.ts";
import { NextTry } from "./attention.tsx";
import { gateName, gateReason } from "./gate-reason.ts";

export const Gates = ({ gates, view }: { readonly gates: readonly GateItem[]; readonly view: View }) => (
  <Table
    caption="Gates"
    items={gates}
    keyOf={({ name }) => name}
    empty="There is no gate."
    columns={[
      { head: "Gate", names: true, kind: "narrow", cell: (gate) => <Words text={gateName(gate)} /> },
      {
        head: "State",
        kind: "narrow",
        cell: ({ state }) =>
          state === "open" ? (
            <Badge tone="ok" word="open" />
          ) : (
            <Badge tone="warn" shape="slash" word="closed" />
          ),
      },
      { head: "Since", kind: "narrow", cell: ({ since }) => <Ago at={since} view={view} /> },
      { head: "Why", cell: (gate) => <Why gate={gate} view={view} /> },
    ]}
  />
);

const Why = ({ gate, view }: { readonly gate: GateItem; readonly view: View }) =>
  gate.state === "open" ? (
    <None word="it is open" />
  ) : (
    <>
      <Words text={gateReason(gate)} />. <NextTry gate={gate} view={view} />
      {gate.detail !== null && (
        <div class="muted">
          <Prose text={gate.detail} view={view} maxLength={200} />
        </div>
      )}
    </>
  );
