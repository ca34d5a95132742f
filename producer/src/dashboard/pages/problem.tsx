import type { Health } from "../../health/health.ts";
import { Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Checks } from "./overview/health.tsx";

interface Props {
  readonly title: string;
  readonly message: string;
  readonly requestId: string;
  readonly health?: Health | undefined;
}

export const ProblemPage = ({ title, message, requestId, health }: Props) => (
  <Page title={title} section="none">
    <h1>{title}</h1>
    <p>
      <Text text={message} maxLength={2100} />
    </p>
    {health !== undefined && <Checks health={health} />}
    <p class="muted">
      <a href={paths.now}>Go to the overview</a> · request <code>{requestId}</code>
    </p>
  </Page>
);
