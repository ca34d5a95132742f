import type {} from "../../cli/test/github/provided.ts";
