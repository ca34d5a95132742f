/** How a person runs Wrangler here: by the command that brings a Node which is new enough for it. */

/** @param args as Wrangler takes them @returns what to type, in the project's folder */
export const wranglerCommand = (args: string): string => `npm run wrangler -- ${args}`;
