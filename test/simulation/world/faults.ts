/** What goes wrong, and when. */
import { LIMITS } from "../../platform/limits.ts";
import type { Fault } from "../report/spec.ts";
import type { Parts } from "./parts.ts";

/** A connection that is lost takes a while to be noticed, and sometimes long. */
const NOTICED_MS = [50, 2_000] as const;
const LONG_MS = 30_000;
const LOOK_MS = 10;

export function scheduleFaults(world: Parts, random: () => number): void {
  const { clock, spec } = world;
  for (const fault of spec.faults) {
    clock.at(spec.startMs + fault.fromMs, () => begin(world, fault, random));
    clock.at(spec.startMs + fault.toMs, () => end(world, fault));
  }
}

function begin(world: Parts, { kind }: Fault, random: () => number): void {
  switch (kind) {
    case "grainchain":
      world.grainchain.hangs = true;
      break;
    case "github":
      world.github.refuses = true;
      break;
    case "database":
      world.database.outage = () => {
        const [least, most] = NOTICED_MS;
        const afterMs = random() < 0.1 ? LONG_MS : least + (most - least) * random();
        return { message: "Network connection lost.", afterMs };
      };
      break;
    case "full":
      world.database.ballastBytes = LIMITS.databaseBytes;
      break;
    case "burst":
      world.perSecond = world.spec.traffic.burstPerSecond;
      break;
    case "deployment":
      deploy(world);
  }
}

/** In the middle of recording: a deployment that cuts nothing off shows nothing. */
function deploy({ clock, gateway }: Pick<Parts, "clock" | "gateway">): void {
  if (gateway.platform.isRunning("consumer: events")) gateway.deploy();
  else clock.after(LOOK_MS, () => deploy({ clock, gateway }));
}

function end(world: Parts, { kind }: Fault): void {
  if (kind === "grainchain") world.grainchain.hangs = false;
  if (kind === "github") world.github.refuses = false;
  if (kind === "database") world.database.outage = undefined;
  if (kind === "full") world.database.ballastBytes = 0;
  if (kind === "burst") world.perSecond = world.spec.traffic.deliveriesPerSecond;
}
