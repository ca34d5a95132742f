// The floor that knows what it takes: as the floor, and parses the body. Routing by content needs at least that.
import { acknowledge } from "./floor.mjs";

const utf8 = new TextDecoder("utf-8", { fatal: true });

export default acknowledge((body) => ({ action: JSON.parse(utf8.decode(body)).action }));
