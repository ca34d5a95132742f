// Files that are served as they are, imported as text: the `[[rules]]` of wrangler.producer.toml.
declare module "./assets/*.js" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "./assets/*.svg" {
  const text: string;
  export default text;
}
declare module "*.min.js" {
  const text: string;
  export default text;
}
