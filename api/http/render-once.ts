/**
 * A page that does not depend on the request: rendered at the first request, and the same bytes for all later ones, so that
 * responses that are not read yet share them.
 *
 * @param render - Renders the page; called again after a failure.
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
