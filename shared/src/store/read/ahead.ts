/** How many validations are ahead of one that is queued. */
import { MAX_AHEAD } from "../../domain/trace/trace.ts";
import { IS_SET_ASIDE } from "../claim/set-aside.ts";

/**
 * The count as a subquery; of one that is set aside, those of its own repository. It reads along the index of what may be claimed, {@link MAX_AHEAD} rows at most: one range for
 * its lane and one for the lanes before, since SQLite does not end a comparison with a pair of another row's columns there.
 * @param me alias of the validation's row
 */
export const aheadOf = (me: string): string => `
  SELECT CASE WHEN ${me}.lane > 1 THEN (
    SELECT count(*) FROM (
      SELECT 1 FROM validations a
      WHERE ${IS_SET_ASIDE} AND a.repository_id = ${me}.repository_id AND a.lane = ${me}.lane AND a.turn < ${me}.turn
      UNION ALL
      SELECT 1 FROM validations a
      WHERE ${IS_SET_ASIDE} AND a.repository_id = ${me}.repository_id AND a.lane < ${me}.lane
      LIMIT ${MAX_AHEAD}))
  ELSE (
    SELECT count(*) FROM (
      SELECT 1 FROM validations a
      WHERE a.state = 'queued' AND a.due_at IS NULL AND a.lane = ${me}.lane AND a.turn < ${me}.turn
      UNION ALL
      SELECT 1 FROM validations a WHERE a.state = 'queued' AND a.due_at IS NULL AND a.lane < ${me}.lane
      LIMIT ${MAX_AHEAD})) END`;
