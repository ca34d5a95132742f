/** An operator can cancel a validation, or run it again after it has ended. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { paths } from "../../parts/link.ts";

export const ValidationActions = ({ validation }: { readonly validation: ValidationDetail }) => {
  const command = isFinal(validation.state)
    ? { path: "rerun", name: "Run again", kind: undefined }
    : { path: "cancel", name: "Cancel", kind: "danger" };
  return (
    <form method="post" action={`${paths.validation(validation.id)}/${command.path}`} class="actions">
      <button type="submit" class={command.kind}>
        {command.name}
      </button>
    </form>
  );
};
