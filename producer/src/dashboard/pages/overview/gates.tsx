/** The gates to Grainchain and GitHub. */
import type { GateItem } from "@webhook-gateway/shared/api/overview.ts";
import { Badge } from "../../parts/badge.tsx";
import { Ago, None, Prose, Text } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";
import { NextTry } from "./attention.tsx";
import { gateName, gateReason } from "./gate-reason.ts";

export const Gates = ({ gates }: { readonly gates: readonly GateItem[] }) => (
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
      { head: "Since", kind: "narrow", cell: ({ since }) => <Ago at={since} /> },
      { head: "Reason", cell: (gate) => <Reason gate={gate} /> },
    ]}
  />
);

const Reason = ({ gate }: { readonly gate: GateItem }) =>
  gate.state === "open" ? (
    <None word="none: the gate is open" />
  ) : (
    <>
      <Text text={gateReason(gate)} />. <NextTry gate={gate} />
      {gate.detail !== null && (
        <div class="muted">
          <Prose text={gate.detail} maxLength={200} />
        </div>
      )}
    </>
  );
