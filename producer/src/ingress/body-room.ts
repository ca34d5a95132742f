/**
 * The memory for bodies whose sender is not known yet. An isolate has 128 MB for all its requests
 * (https://developers.cloudflare.com/workers/platform/limits/#memory), so uploads of strangers must not fill it.
 */
/** One of the largest bodies and others. The isolate also has to hold the copy that is made when a buffer grows. */
export const ROOM_BYTES = 32 * 1024 * 1024;

/** The part of the room that one request holds. */
export interface BodyHold {
  /** Takes more bytes. @returns false if the room has no more */
  take(bytes: number): boolean;
  /** Gives everything back. */
  release(): void;
}

export interface BodyRoom {
  /** A hold of nothing yet. It ends by itself after a while: the runtime may drop a request whose client is gone. */
  hold(): BodyHold;
}

/**
 * A body that needs room has this long to arrive. GitHub gives up after 10 s, an Enterprise Server after 30 s
 * (https://docs.github.com/en/enterprise-server@latest/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks#timed-out).
 */
export const MAX_UPLOAD_MS = 30_000;

/** Longer than a body is read and its signature checked. */
const HOLD_MS = MAX_UPLOAD_MS + 10_000;

interface Held {
  bytes: number;
  readonly untilMs: number;
}

/** A room shared by all requests of an isolate. */
export function createBodyRoom(now: () => Date, roomBytes = ROOM_BYTES): BodyRoom {
  const holds = new Set<Held>();
  const taken = (): number => {
    const nowMs = now().getTime();
    let sum = 0;
    for (const held of holds) {
      if (held.untilMs <= nowMs) holds.delete(held);
      else sum += held.bytes;
    }
    return sum;
  };
  return {
    hold() {
      const held = { bytes: 0, untilMs: now().getTime() + HOLD_MS };
      return {
        take(bytes) {
          if (taken() + bytes > roomBytes) return false;
          holds.add(held);
          held.bytes += bytes;
          return true;
        },
        release() {
          holds.delete(held);
          held.bytes = 0;
        },
      };
    },
  };
}
