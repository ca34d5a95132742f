/** Analytics Engine, which refuses what is too much by throwing into the code that writes. */
import type { Accounting } from "./accounting.ts";
import { ERRORS } from "./limits.ts";
import { bytesOf } from "./size.ts";

export interface DatasetLike {
  writeDataPoint(point?: Point): void;
}

interface Point {
  readonly indexes?: ((ArrayBuffer | string) | null)[];
  readonly blobs?: ((ArrayBuffer | string) | null)[];
  readonly doubles?: number[];
}

export function limitDataset<Dataset extends DatasetLike>(
  { limits, usage, connections }: Accounting,
  dataset: Dataset,
): Dataset {
  return new Proxy(dataset, {
    get(target, name) {
      if (name !== "writeDataPoint") return Reflect.get(target, name);
      return (point: Point = {}) => {
        if (connections.ended) return;
        if (usage.dataPoints >= limits.dataPoints) throw new Error(ERRORS.dataPoints);
        usage.dataPoints++;
        const bytes = (values: Point["blobs"] = []) => values.reduce((sum, value) => sum + bytesOf(value), 0);
        if (bytes(point.indexes) > limits.indexBytes) throw new TypeError("the index is too long");
        if (bytes(point.blobs) > limits.blobBytes) throw new TypeError("the blobs are too long");
        target.writeDataPoint(point);
      };
    },
  });
}
