/** Does Grainchain answer from here? What the consumer last saw of it stands in the gateway's own health. */
import { GatewayError } from "../exit.ts";
import { isExample } from "../provision/advice.ts";
import { type Check, Unchecked } from "./check.ts";
import type { Place } from "./context.ts";
import { fail, ok } from "./finding.ts";
import { askHttp } from "./http.ts";

export const grainchainCheck = (place: Place): Check => ({
  name: "Grainchain",
  async run(signal) {
    const url = place.consumerConfig().GRAINCHAIN_API_URL.replace(/\/+$/, "");
    if (isExample(url)) throw new Unchecked("GRAINCHAIN_API_URL is an example still", "set your own");
    const mend = `start Grainchain, or set GRAINCHAIN_API_URL; from elsewhere: curl -i ${url}/health`;
    try {
      const { status } = await askHttp(`${url}/health`, signal);
      if (status >= 200 && status < 300) return [ok("Grainchain", `${url} answers`)];
      return [fail("Grainchain", `${url}/health answers ${status}`, mend)];
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      return [fail("Grainchain", thrown.message, mend)];
    }
  },
});
