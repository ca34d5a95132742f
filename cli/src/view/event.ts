/** Event and action: `pull_request.opened`. */
export const eventText = ({
  event,
  action,
}: {
  readonly event: string;
  readonly action: string | null;
}): string => (action === null ? event : `${event}.${action}`);
