/** Pauses of dispatch: what they say, and an operator's forms to begin and to end one. */
import type { PauseItem } from "@webhook-gateway/shared/api/pause.ts";
import { Ago, RepositoryLink, Text } from "../../parts/inline.tsx";
import { BASE, repositoryPath } from "../../parts/link.ts";
import { useView } from "../../parts/view.ts";

/** What is paused, by whom, since when, why, and until when. */
export const PauseText = ({ pause }: { readonly pause: PauseItem }) => {
  const { repository, paused_at, until, actor, reason } = pause;
  return (
    <>
      Dispatch of {repository === null ? "all repositories" : <RepositoryLink repository={repository} />} is
      paused by <Text text={actor} maxLength={60} /> since <Ago at={paused_at} />
      {reason !== null && (
        <>
          : <Text text={reason} maxLength={300} />
        </>
      )}
      .{" "}
      {until === null ? (
        "It ends when someone resumes it."
      ) : (
        <>
          It ends <Ago at={until} />.
        </>
      )}
    </>
  );
};

const HOUR = 3600;
const SPANS = [
  ["", "until someone resumes it"],
  [HOUR / 2, "30 minutes"],
  [HOUR, "1 hour"],
  [2 * HOUR, "2 hours"],
  [8 * HOUR, "8 hours"],
  [24 * HOUR, "1 day"],
  [7 * 24 * HOUR, "1 week"],
] as const;

interface Props {
  /** Null: all of them. */
  readonly repository: string | null;
  /** Those in force, whatever they hold. */
  readonly pauses: readonly PauseItem[];
}

export function PauseForms({ repository, pauses }: Props) {
  const path = repository === null ? BASE : repositoryPath(repository);
  if (useView().role !== "operator" || path === undefined) return null;
  const isPaused = pauses.some((pause) => pause.repository === repository);
  return (
    <div class="pause">
      {isPaused && (
        <form method="post" action={`${path}/resume`}>
          <button type="submit">Resume dispatch</button>
        </form>
      )}
      <details>
        <summary>{isPaused ? "Change the pause" : "Pause dispatch"}</summary>
        <form method="post" action={`${path}/pause`} class="confirm">
          <p>
            What comes in is recorded and reported as before. Nothing new is sent to Grainchain, and what runs
            there continues.
          </p>
          <label>
            <span>For</span>
            <select name="for_seconds">
              {SPANS.map(([seconds, name]) => (
                <option value={seconds}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            <span>Reason, for the record</span>
            <input name="reason" type="text" maxlength={500} autocomplete="off" />
          </label>
          <div class="buttons">
            <button type="submit" class="primary">
              {repository === null ? "Pause all repositories" : "Pause this repository"}
            </button>
          </div>
        </form>
      </details>
    </div>
  );
}
