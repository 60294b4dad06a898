/** What a user can do about a problem, by its code; the service's own sentence is under "Details". */
// eslint-disable-next-line no-unused-vars -- by script.js, which follows in the same script element
const explanations = {
  unsupported_media: 'This is not an image in an accepted format. The formats are listed below the buttons.',
  corrupt_image: 'This image is damaged or incomplete. Try the original.',
  image_too_large: 'This file is too large. Make the image smaller, or lower its quality.',
  too_many_pixels: 'This image has too many pixels. Make it smaller.',
  request_too_large: 'These images are too large together. Send fewer at a time.',
  queue_full: 'The service is busy. Wait a moment, then try again.',
  under_pressure: 'The service is busy. Wait a moment, then try again.',
  too_many_requests: 'You already have many images in flight. Wait a moment, then try again.',
  unauthorized: 'This service needs a valid API key. Enter yours above.',
}
