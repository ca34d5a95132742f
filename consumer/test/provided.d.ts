import type {} from "../../test/github/client/provided.ts";
