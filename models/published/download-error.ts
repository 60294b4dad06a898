/**
 * Why a file was not downloaded. Callers match on the code; the message is one sentence for a person.
 *
 * | code | meaning |
 * |---|---|
 * | `DOWNLOAD_UNKNOWN_NAME` | the catalog has no checkpoint of that name |
 * | `DOWNLOAD_BAD_ADDRESS` | the address is not http: or https: |
 * | `DOWNLOAD_REFUSED` | the server responded with 404 or another 4xx status |
 * | `DOWNLOAD_BAD_RESPONSE` | the server responded with something other than the requested file |
 * | `DOWNLOAD_INTERRUPTED` | the connection failed again and again; what has arrived is kept for the next time |
 * | `DOWNLOAD_TOO_LARGE` | the file is larger than any checkpoint that is expected |
 * | `DOWNLOAD_WRONG_DIGEST` | the file is not the one that was published, or not the one of the first pull |
 * | `DOWNLOAD_NO_SPACE` | the disk is full |
 * | `DOWNLOAD_NOT_WRITABLE` | the file cannot be written where it belongs |
 */
export type DownloadErrorCode =
  | 'DOWNLOAD_UNKNOWN_NAME'
  | 'DOWNLOAD_BAD_ADDRESS'
  | 'DOWNLOAD_REFUSED'
  | 'DOWNLOAD_BAD_RESPONSE'
  | 'DOWNLOAD_INTERRUPTED'
  | 'DOWNLOAD_TOO_LARGE'
  | 'DOWNLOAD_WRONG_DIGEST'
  | 'DOWNLOAD_NO_SPACE'
  | 'DOWNLOAD_NOT_WRITABLE'

export class DownloadError extends Error {
  override readonly name = 'DownloadError'
  readonly code: DownloadErrorCode

  constructor (code: DownloadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
