/** Style sheets are bundled as text and adopted; see `adopt.ts`. */
declare module '*.css' {
  const text: string;
  export default text;
}
