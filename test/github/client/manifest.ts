/** The manifest of an App, as GitHub takes it. */
import * as v from "valibot";

const url = v.pipe(v.string(), v.url());

export const manifest = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(34, "Name is too long (maximum is 34 characters)")),
  url,
  hook_attributes: v.object({ url, active: v.optional(v.boolean(), true) }),
  redirect_url: url,
  public: v.optional(v.boolean(), true),
  default_permissions: v.record(v.string(), v.picklist(["read", "write"])),
  default_events: v.array(v.string()),
});

export type Manifest = v.InferOutput<typeof manifest>;
