/** An operator can approve a validation that is held, cancel one, or run it again after it has ended. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { paths } from "../../parts/link.ts";

const APPROVE = { path: "approve", name: "Approve and run", kind: undefined };
const CANCEL = { path: "cancel", name: "Cancel", kind: "danger" };
const RERUN = { path: "rerun", name: "Run again", kind: undefined };

export const ValidationActions = ({ validation }: { readonly validation: ValidationDetail }) => {
  const { state } = validation;
  const commands = state === "held" ? [APPROVE, CANCEL] : [isFinal(state) ? RERUN : CANCEL];
  return commands.map((command) => (
    <form method="post" action={`${paths.validation(validation.id)}/${command.path}`} class="actions">
      <button type="submit" class={command.kind}>
        {command.name}
      </button>
    </form>
  ));
};
