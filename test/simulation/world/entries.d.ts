/** The two Workers, as the simulation's bundle names them: their own types need their own `Env`. */

declare module "simulated-producer" {
  const worker: { fetch(request: object, env: object, ctx: object): Promise<Response> | Response };
  export default worker;
}

declare module "simulated-consumer" {
  const worker: {
    queue(batch: object, env: object, ctx: object): Promise<void>;
    scheduled(controller: object, env: object, ctx: object): Promise<void>;
  };
  export default worker;
}
