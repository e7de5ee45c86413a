/** What a page of HTML shows to who reads it, as text. */
export { MAX_DEPTH, type PageHeading, type ReadPageOptions, readPage, type ShownPage } from "./read-page.ts";
