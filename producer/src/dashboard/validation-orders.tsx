/** What an operator may do to a validation. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/validation.ts";
import { paths } from "./link.ts";

export const ValidationOrders = ({ validation }: { readonly validation: ValidationDetail }) => {
  const own = paths.validation(validation.id);
  return (
    <div class="orders">
      <form method="post" action={`${own}/rerun`}>
        <button type="submit">Run again</button>
      </form>
      {!isFinal(validation.state) && (
        <form method="post" action={`${own}/cancel`}>
          <button type="submit" class="danger">
            Cancel
          </button>
        </form>
      )}
    </div>
  );
};
