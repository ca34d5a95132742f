/** The gates to Grainchain and GitHub. */
import type { GateItem } from "@webhook-gateway/shared/api/overview.ts";
import { Badge } from "../../parts/badge.tsx";
import { Ago, None, Prose, Text } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";
import type { View } from "../../parts/view.ts";
import { NextTry } from "./attention.tsx";
import { gateName, gateReason } from "./gate-reason.ts";

export const Gates = ({ gates, view }: { readonly gates: readonly GateItem[]; readonly view: View }) => (
  <Table
    caption="Gates"
    items={gates}
    keyOf={({ name }) => name}
    empty="There are no gates."
    columns={[
      { head: "Gate", names: true, kind: "narrow", cell: (gate) => <Text text={gateName(gate)} /> },
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
      { head: "Reason", cell: (gate) => <Reason gate={gate} view={view} /> },
    ]}
  />
);

const Reason = ({ gate, view }: { readonly gate: GateItem; readonly view: View }) =>
  gate.state === "open" ? (
    <None word="none: the gate is open" />
  ) : (
    <>
      <Text text={gateReason(gate)} />. <NextTry gate={gate} view={view} />
      {gate.detail !== null && (
        <div class="muted">
          <Prose text={gate.detail} view={view} maxLength={200} />
        </div>
      )}
    </>
  );
