/* VIRTIO devices (QNX 7.1 <qvm/vio.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/vio.rs,
 * tests/headers/vio.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_VIO_H
#define LIBGASP_QVM_VIO_H

#include <qvm/guest.h>
#include <qvm/types.h>
#include <sys/types.h>
#include <sys/uio.h>

/** The ring of a queue: opaque. */
struct virtq;
typedef struct vq vq_t;

/** A piece of host memory, by its QNX name. */
typedef struct iovec iov_t;

/** What vio_read() and vio_write() return: nothing is left to do (QNX 7.0, as the others). */
#define VIOREF_CLASS_NOP 0

/** The driver has notified the queue with the number in the low 16 bits. */
#define VIOREF_CLASS_NOTIFY 0x10000

/** The driver has enabled that queue. */
#define VIOREF_CLASS_ENABLED 0x20000

/** The driver wants a reset. */
#define VIOREF_CLASS_RESET 0x30000

/** The driver has set the bits of the status register that are in the low 16 bits. */
#define VIOREF_CLASS_STATUS 0x40000

/** The device's own configuration, at the offset in the low 16 bits: the vdev answers itself. */
#define VIOREF_CLASS_DEVCFG 0x50000

/** An exception has to go to the guest. */
#define VIOREF_CLASS_BUS_ERROR 0x60000

/** The error number in the low 16 bits. */
#define VIOREF_CLASS_ERRNO 0x70000

/** Mask of the class. */
#define VIOREF_CLASS_MASK 0xf0000

/** Words of feature bits that a VIRTIO device can have. */
#define VIO_MAX_FEATURE_WORDS 4

/** Which version of VIRTIO a device has (QNX 7.1). */
enum vio_version {
    /** 0.95, the legacy one. */
    VIOVER_095 = 0,
    /** 1.0. */
    VIOVER_100 = 1,
    /** 1.1. */
    VIOVER_110 = 2,
};

/** What a VIRTIO device is (QNX 7.0: 32 bytes). */
struct vio_description {
    /** VIRTIO's number of the kind of device. */
    uint16_t device_type;
    /** Subsystem vendor. */
    uint16_t vendor_id;
    /** Class and subclass, for PCI alone. */
    unsigned int pci_class;
    /** How many queues it has. */
    unsigned int num_queues;
    /** How long its own configuration is. */
    unsigned int device_config_size;
    /** The features that it offers. */
    uint32_t device_features[4];
};

/** The host's part of a VIRTIO device: opaque. */
struct vio_state_internal;

/** A queue of a VIRTIO device; its fields are below. */
struct vio_queue_info;

/** A VIRTIO device (QNX 7.0: 32 bytes). */
struct vio_state {
    /** The host's part. */
    struct vio_state_internal *vsip;
    /** The queues. */
    struct vio_queue_info *qinfo;
    /** The features that the driver accepted. */
    uint32_t driver_features[4];
};

/** A piece of guest memory: opaque here; QNX's pages do not give its fields. */
struct __iovec64;

/**
 * The memory of a request (QNX 7.1: 40 bytes). Zero it once, set vi_hdr_len, and use it again for
 * other requests.
 */
struct vio_iov {
    /** The pieces of memory. */
    iov_t *vi_iov;
    /** Their physical addresses, if they are asked for. */
    struct __iovec64 *vi_paddrs;
    /** For how many pieces there is room. */
    int vi_iov_len;
    /** How many pieces are kept for the caller. */
    int vi_reserved;
    /** Flags. QNX's pages do not give any. */
    unsigned int vi_flags;
    /** How long the header is that the caller expects. */
    unsigned int vi_hdr_len;
    /** How many pieces there are. */
    int vi_count;
    /** The first piece that is not the header. */
    int vi_payload;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Set up a VIRTIO device.
 *
 * When: startup, after VDEV_CTRL_OPTIONS_END. Source: QNX 7.0.
 */
void vio_init(vdev_t *vdp,
              enum vio_version ver,
              const struct vio_description *vdesc,
              struct vio_state *vsp);

/**
 * Set up one of its queues, for at most max_size descriptors.
 *
 * Returns EOK or an error number. When: after VDEV_CTRL_OPTIONS_END. Threads: any. Source:
 * QNX 7.0.
 */
int vio_init_queue(struct vio_state *vsp, unsigned int qidx, unsigned int max_size);

/**
 * Answer a read of the transport's registers: from vread, with its own arguments.
 *
 * Returns VIOREF_CLASS_* and, in the low 16 bits, what belongs to it. Threads: any. Source:
 * QNX 7.0.
 */
unsigned int vio_read(struct vio_state *vsp,
                      unsigned int cookie,
                      const struct qvm_state_block *vopnd,
                      const struct qvm_state_block *oopnd,
                      struct guest_cpu *gcp);

/**
 * Handle a write of the transport's registers: from vwrite, with its own arguments. Otherwise
 * as vio_read().
 */
unsigned int vio_write(struct vio_state *vsp,
                       unsigned int cookie,
                       const struct qvm_state_block *vopnd,
                       const struct qvm_state_block *oopnd,
                       struct guest_cpu *gcp);

/**
 * Find the rings in host memory: when the driver has set DRIVER_OK, not before.
 *
 * Returns EOK or an error number (libgasp's own reading). Threads: any. Source: QNX 7.0.
 */
int vio_setup_queues(struct vio_state *vsp);

/**
 * Set and clear bits of the status register.
 *
 * Returns its new value. Threads: any. Source: QNX 7.0.
 */
unsigned int vio_device_status(struct vio_state *vsp, unsigned int on, unsigned int off);

/** Reset the device. Threads: any. Source: QNX 7.0 (name); the signature is libgasp's own. */
void vio_reset(struct vio_state *vsp);

/**
 * Tell the driver that the device's configuration has changed. Threads: any. Source: QNX 7.0
 * (name); the signature is libgasp's own.
 */
void vio_config_update(struct vio_state *vsp);

/**
 * Describe the base address registers: for VDEV_CTRL_PCI_BARS alone, with its arg.
 *
 * Returns what control() has to return. Source: QNX 7.0.
 */
int vio_ctrl_pci_bars(struct vio_state *vsp, const char *arg);

/**
 * Find the memory of the request that starts at a descriptor.
 *
 * Returns the number of bytes, or a negative error number. Threads: any. Source: QNX 7.1.
 */
ssize_t vio_get_iov(const vdev_t *vdp, void *vq, uint16_t didx, struct vio_iov *iov);

/**
 * Add the memory of one more request. Returns its length, or a negative error number. Otherwise
 * as vio_get_iov().
 */
ssize_t vio_append_iov(const vdev_t *vdp, void *vq, uint16_t didx, struct vio_iov *iov);

/** Give back the memory of requests. Threads: any. Source: QNX 8.0, which has it as here. */
void vio_put_iov(const vdev_t *vdp, struct vio_iov *iov);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/** What the ring of a queue needs: QNX's pages do not give it, so this is libgasp's own. */
struct virtio_virtq_data {
    void *internal[8];
};

/** A queue of a VIRTIO device (QNX 7.1, but for the layout of data). */
struct vio_queue_info {
#ifdef __GNUC__
    __extension__ /* of C99 */
#endif
    union {
        /** The ring: opaque here. */
        struct virtq *vq;
        /** The ring again: an opaque type here too. */
        vq_t *pvq;
    };
    /** The device. */
    struct vio_state *vsp;
    /** What the ring needs. */
    struct virtio_virtq_data data;
    /** The most descriptors that it can have. */
    unsigned int max_size;
};

#endif  /* LIBGASP_QVM_VIO_H */
