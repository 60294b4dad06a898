/* Made from test/api/openapi.json: UPDATE_OPENAPI=1 npm test -- api/client/openapi. */
/* eslint-disable */
export interface paths {
    "/classify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Classify images
         * @description The most probable classes of each image, in the order of the images. An image that cannot be classified has a problem in its place; if none can, the answer is the first one's problem, with all of them under `errors`. With `minScore`, a photo of something else than the classes can be told: `noneOfThese` is true where no class reaches it. An image is recognised by its first bytes, whatever its name or type says; of several frames the first counts.
         */
        post: operations["classify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/model": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Describe the model
         * @description The manifest of the model that is served: what it is, where it comes from, how accurate it is, and its labels by class index.
         */
        get: operations["describeModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Problem: {
            /** @description URI of the kind of problem. */
            type: string;
            /** @description What this kind of problem is called. */
            title: string;
            /** @description HTTP status. */
            status: number;
            /** @description Stable name of the kind of problem, for programs. */
            code: string;
            /** @description What was expected and what was received. */
            detail: string;
            /** @description As in the header x-request-id and in the log. */
            requestId: string;
            /** @description One an image, in order, where no image of a request could be classified. */
            errors?: {
                /** @description URI of the kind of problem. */
                type: string;
                /** @description What this kind of problem is called. */
                title: string;
                /** @description HTTP status. */
                status: number;
                /** @description Stable name of the kind of problem, for programs. */
                code: string;
                /** @description What was expected and what was received. */
                detail: string;
                /** @description As in the header x-request-id and in the log. */
                requestId: string;
            }[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    classify: {
        parameters: {
            query: {
                /** @description Predictions an image. */
                topK: number;
                /** @description Predictions with a lower score are left out. If none is left, noneOfThese says so. */
                minScore?: number;
            };
            header?: {
                /** @description An earlier deadline than the service's own. */
                "x-request-timeout-ms"?: number;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @description File parts; any field name will do. At most 33554432 bytes for the whole form. */
                    image: string[];
                };
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description One result an image. */
            200: {
                headers: {
                    /** @description Finds the request in the log. */
                    "x-request-id"?: string;
                    /** @description Milliseconds of each stage; of several images, the slowest. */
                    "server-timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        model: {
                            name: string;
                            /** @description Digest of the weights. */
                            version: string;
                        };
                        /** @description One an image, in order: its predictions, or why it has none. */
                        results: {
                            /** @description By descending score. */
                            predictions?: {
                                label: string;
                                /** @description WordNet id of the class, where it has one. */
                                wnid: string | null;
                                classIndex: number;
                                /** @description Softmax probability. */
                                score: number;
                            }[];
                            /** @description Whether no class reaches minScore, so that there are no predictions. Only where minScore is given. */
                            noneOfThese?: boolean;
                            error?: {
                                /** @description URI of the kind of problem. */
                                type: string;
                                /** @description What this kind of problem is called. */
                                title: string;
                                /** @description HTTP status. */
                                status: number;
                                /** @description Stable name of the kind of problem, for programs. */
                                code: string;
                                /** @description What was expected and what was received. */
                                detail: string;
                                /** @description As in the header x-request-id and in the log. */
                                requestId: string;
                            };
                        }[];
                    };
                };
            };
        };
    };
    describeModel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    /** @description Finds the request in the log. */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What the model is called in answers. */
                        name: string;
                        /** @description What the model is, and what it is not. */
                        description?: string;
                        /** @constant */
                        architecture: "ghostnet";
                        /** @description Width multiplier. */
                        width: number;
                        classes: number;
                        /** @description Learnable parameters. */
                        parameters: number;
                        /** @description Multiply-accumulates an image. */
                        macs: number;
                        preprocessing: {
                            /** @description Side of the square that the model sees, in pixels. */
                            cropSize: number;
                            /** @description The shorter side is resized to floor(cropSize / cropPct) pixels. */
                            cropPct: number;
                            /** @description Of the resize. */
                            interpolation: "bilinear" | "bicubic";
                            /** @description Whose resize and rounding: pillow (the default) as torchvision and timm, antialiased; opencv as MindCV, bilinear and not antialiased. */
                            resizer?: "pillow" | "opencv";
                            /** @description Of R, G and B in [0, 1], subtracted. */
                            mean: number[];
                            /** @description Of R, G and B in [0, 1], divided by. */
                            std: number[];
                        };
                        /** @description Logits are divided by it before the softmax, so that scores are as sure as the model is right; 1 where left out. It changes no ranking. */
                        temperature?: number;
                        weights: {
                            /** @description As stored. Each layout of the graph has its own. */
                            dtype: "float32" | "float16";
                            sha256: string;
                        };
                        /** @description What a session must reproduce before the service is ready. */
                        selfTest: {
                            /** @description The largest logits that the model gave for the self-test image when it was built. */
                            topLogits: {
                                classIndex: number;
                                logit: number;
                            }[];
                        };
                        provenance: {
                            /** @description File name of the checkpoint that was compiled. */
                            checkpoint: string;
                            checkpointSha256: string;
                            checkpointFormat: string;
                            /** @description Where the checkpoint was published. */
                            source?: string;
                            license?: string;
                            /** @description How the weights were made. */
                            training?: string;
                        };
                        accuracy: {
                            dataset: string;
                            /** @description Percent. */
                            top1: number;
                            /** @description Percent. */
                            top5: number;
                            measuredBy: string;
                        }[];
                        /** @description Digest of the weights. */
                        version: string;
                        /** @description What runs the graph. */
                        executionProvider: string;
                        /** @description What the provider runs on. */
                        device: string;
                        /** @description Layout of the graph. */
                        layout: "plain" | "plain-fp16" | "blocked8" | "blocked16";
                        labels: {
                            /** @description What the class is called. */
                            label: string;
                            /** @description WordNet id of the class, where it has one. */
                            wnid?: string;
                        }[];
                    };
                };
            };
        };
    };
}

export type ProblemCode =
  | 'corrupt_image'
  | 'deadline_exceeded'
  | 'decode_timeout'
  | 'empty_body'
  | 'headers_too_large'
  | 'image_too_large'
  | 'inference_failed'
  | 'internal_error'
  | 'invalid_request'
  | 'malformed_json'
  | 'malformed_multipart'
  | 'memory_exhausted'
  | 'not_found'
  | 'not_ready'
  | 'queue_full'
  | 'request_timeout'
  | 'request_too_large'
  | 'shutting_down'
  | 'too_many_images'
  | 'too_many_pixels'
  | 'too_many_requests'
  | 'unauthorized'
  | 'under_pressure'
  | 'unsupported_media'
