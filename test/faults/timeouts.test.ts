/** A gateway that waits for Grainchain for a second only: on a slow machine it may give up what was on its way. */
import "./timeouts/hanging.ts";
import "./timeouts/random.ts";
