/** The ids of validations begin with their repository and subject: the runs of a subject are a range of the index of ids. */

/** Whether a validation is a run of a subject. @param run alias of its row */
export const isRunOf = (run: string, repositoryId: string, subject: string): string => {
  const prefix = `${repositoryId} || '-' || ${subject} || `;
  // The next character after a hyphen is a dot.
  return `${run}.id > ${prefix}'-' AND ${run}.id < ${prefix}'.'`;
};
