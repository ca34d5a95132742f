/** The output of a program. */
import { visible } from "./text.ts";

/** Text as it was printed, with its own scrollbar. */
export const Output = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <section class="output" tabindex={0} aria-label={visible(label.slice(0, 100))}>
    <pre>
      <bdi>{text}</bdi>
    </pre>
  </section>
);
