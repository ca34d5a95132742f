/** What the world is made of. */
import type { Checks } from "../github/checks.ts";
import type { Deliveries } from "../github/deliveries.ts";
import type { GitHub } from "../github/github.ts";
import type { OpenPullLists } from "../github/open-pulls.ts";
import type { Organization } from "../github/subjects.ts";
import type { Clock } from "../machine/clock.ts";
import type { Database } from "../machine/database.ts";
import type { Alerts } from "../observe/alerts.ts";
import type { LogLines } from "../observe/log-lines.ts";
import type { Observer } from "../observe/observer.ts";
import type { Recording } from "../observe/recording.ts";
import type { Spec } from "../report/spec.ts";
import type { Gateway } from "./gateway.ts";
import type { Grainchain } from "./grainchain.ts";

export interface Parts {
  readonly spec: Spec;
  readonly clock: Clock;
  readonly database: Database;
  readonly lines: LogLines;
  readonly organization: Organization;
  readonly recording: Recording;
  readonly checks: Checks;
  readonly deliveries: Deliveries;
  readonly grainchain: Grainchain;
  readonly github: GitHub;
  readonly lists: OpenPullLists;
  readonly gateway: Gateway;
  readonly alerts: Alerts;
  readonly observer: Observer;
  /** Deliveries a second. */
  perSecond: number;
}
