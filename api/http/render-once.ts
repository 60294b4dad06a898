/**
 * A page that depends on nothing in the request: made at the first request, and the same bytes for all that follow, so that responses that
 * wait to be read share them.
 *
 * @param render - Called again after it has failed.
 */
export function renderOnce<Page> (render: () => Promise<Page>): () => Promise<Page> {
  let page: Promise<Page> | undefined
  return async () => {
    page ??= render()
    return await page.catch((error: unknown) => {
      page = undefined
      throw error
    })
  }
}
