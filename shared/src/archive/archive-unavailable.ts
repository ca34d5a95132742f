/** R2 does not take or give an object, or not in time. */
export class ArchiveUnavailable extends Error {
  override readonly name = "ArchiveUnavailable";
}
