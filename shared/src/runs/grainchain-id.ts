/** Whether Grainchain's id for a run can be used. It is a segment of paths, where one of dots alone would lead elsewhere. */
export const isGrainchainId = (id: string): boolean => /^[\w.:-]{1,200}$/.test(id) && !/^\.+$/.test(id);
