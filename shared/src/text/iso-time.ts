/** A time in milliseconds since the epoch as stored: ISO 8601 with milliseconds, UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
