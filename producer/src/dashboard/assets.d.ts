// Files that are served as they are, imported as text: the `[[rules]]` of wrangler.producer.toml.
declare module "./assets/*.js" {
  const text: string;
  export default text;
}
declare module "./assets/*.css" {
  const text: string;
  export default text;
}
declare module "./assets/*.svg" {
  const text: string;
  export default text;
}
declare module "idiomorph/dist/idiomorph.min.js" {
  const text: string;
  export default text;
}
declare module "uplot/dist/uPlot.iife.min.js" {
  const text: string;
  export default text;
}
declare module "uplot/dist/uPlot.min.css" {
  const text: string;
  export default text;
}
