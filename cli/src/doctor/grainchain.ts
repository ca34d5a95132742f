/** Does Grainchain answer from here? What the consumer last saw of it is in the gateway's own health. */
import { GatewayError } from "../exit.ts";
import { isExample } from "../project/project.ts";
import { type Check, Unchecked } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok } from "./finding.ts";
import { getJson } from "./http.ts";

export const grainchainCheck = (context: CheckContext): Check => ({
  name: "Grainchain",
  async run(signal) {
    const url = context.consumerConfig().GRAINCHAIN_API_URL.replace(/\/+$/, "");
    if (isExample(url)) throw new Unchecked("GRAINCHAIN_API_URL is still an example", "set your own");
    const fix = `start Grainchain, or set GRAINCHAIN_API_URL; to try from elsewhere: curl -i ${url}/health`;
    try {
      const { status } = await getJson(`${url}/health`, signal);
      if (status >= 200 && status < 300) return [ok("Grainchain", `${url} answers`)];
      return [fail("Grainchain", `${url}/health answers ${status}`, fix)];
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      return [fail("Grainchain", thrown.message, fix)];
    }
  },
});
