/** A gateway that waits only a second for Grainchain: on a slow machine it may give up on an answer that is coming. */
import "./timeouts/hanging.ts";
import "./timeouts/random.ts";
