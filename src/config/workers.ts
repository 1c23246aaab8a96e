/** Workers at most: the shared structures have a place, a bit or a bitmap for each. */
export const WORKERS_MAX = 64
