/** What dispatch makes of a Grainchain that is slow, full, broken or away. All of it with one gateway. */
import "./dispatch/batches.ts";
import "./dispatch/limits.ts";
import "./dispatch/outages.ts";
