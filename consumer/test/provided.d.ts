import type {} from "../../test/github/provided.ts";
