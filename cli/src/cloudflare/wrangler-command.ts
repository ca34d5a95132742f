/** Commands of Wrangler for a person to type in the project's folder. The script brings a Node that is new enough. */
import { configFile, type EnvironmentName, type WorkerName } from "../project/project.ts";

const wranglerCommand = (args: string): string => `npm run wrangler -- ${args}`;

export const deployCommand = (worker: WorkerName, env: EnvironmentName): string =>
  wranglerCommand(`deploy -c ${configFile(worker)} --env ${env}`);

export const tailCommand = (worker: WorkerName, env: EnvironmentName): string =>
  wranglerCommand(`tail -c ${configFile(worker)} --env ${env}`);

export const putSecretCommand = (name: string, worker: WorkerName, env: EnvironmentName): string =>
  wranglerCommand(`secret put ${name} -c ${configFile(worker)} --env ${env}`);

export const deleteSecretCommand = (name: string, worker: WorkerName, env: EnvironmentName): string =>
  wranglerCommand(`secret delete ${name} -c ${configFile(worker)} --env ${env}`);

export const queueInfoCommand = (queue: string): string => wranglerCommand(`queues info ${queue}`);

export const removeConsumerCommand = (queue: string, script: string): string =>
  wranglerCommand(`queues consumer worker remove ${queue} ${script}`);

export const removeHttpConsumerCommand = (queue: string): string =>
  wranglerCommand(`queues consumer http remove ${queue}`);
