/** Lets tests insert rows into the view `timeline`: they are appended to their validation. */
export const TIMELINE_TAKES_ROWS = `
  CREATE TRIGGER timeline_takes_rows INSTEAD OF INSERT ON timeline
  BEGIN
    UPDATE validations SET timeline = json_insert(timeline, '$[#]', json_array(
      coalesce(timeline->>'$[#-1][0]', 0) + 1, NEW.at, NEW.from_state, NEW.to_state, NEW.reason, NEW.delivery_id))
    WHERE id = NEW.validation_id;
  END`;
