/** What an operator may do to a validation: stop it, or run it again once it has ended. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { paths } from "../../parts/link.ts";

export const ValidationOrders = ({ validation }: { readonly validation: ValidationDetail }) => {
  const order = isFinal(validation.state)
    ? { path: "rerun", name: "Run again", kind: undefined }
    : { path: "cancel", name: "Cancel", kind: "danger" };
  return (
    <form method="post" action={`${paths.validation(validation.id)}/${order.path}`} class="orders">
      <button type="submit" class={order.kind}>
        {order.name}
      </button>
    </form>
  );
};
