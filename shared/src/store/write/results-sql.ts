/** Where the results of a row are: inline, stored for a large callback, or held by a callback that was unmatched until now. */
export const resultsOf = (row: string): string => `coalesce(
    ${row}->'$.results.inline',
    (SELECT r.results FROM callback_results r WHERE r.id = ${row}->>'$.results.storedUnder'),
    (SELECT u.results FROM callbacks_unmatched u WHERE u.id = ${row}->>'$.results.storedUnder'))`;
