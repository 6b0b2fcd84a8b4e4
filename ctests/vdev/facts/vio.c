/* <qvm/vio.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vio.h>

#include "facts.h"

FACTS_BEGIN
void vio_init(vdev_t *vdp, enum vio_version const ver, const struct vio_description *vdesc,
	struct vio_state *vsp);
int vio_init_queue(struct vio_state *vsp, unsigned qidx, unsigned max_size);
unsigned vio_read(struct vio_state *vsp, unsigned cookie, const struct qvm_state_block *vopnd,
	const struct qvm_state_block *oopnd, struct guest_cpu *gcp);
unsigned vio_write(struct vio_state *vsp, unsigned cookie, const struct qvm_state_block *vopnd,
	const struct qvm_state_block *oopnd, struct guest_cpu *gcp);
int vio_setup_queues(struct vio_state *vsp);
unsigned vio_device_status(struct vio_state *vsp, unsigned on, unsigned off);
int vio_ctrl_pci_bars(struct vio_state *vsp, const char *arg);
ssize_t vio_get_iov(const vdev_t *vdp, void *vq, uint16_t didx, struct vio_iov *iov);
ssize_t vio_append_iov(const vdev_t *vdp, void *vq, uint16_t didx, struct vio_iov *iov);
void vio_put_iov(const vdev_t *vdp, struct vio_iov *iov);

/* own */
void vio_reset(struct vio_state *vsp);
void vio_config_update(struct vio_state *vsp);
FACTS_END

SIZE(struct vio_description, 32);
FIELD(struct vio_description, device_type, 0, uint16_t);
FIELD(struct vio_description, vendor_id, 2, uint16_t);
FIELD(struct vio_description, pci_class, 4, unsigned);
FIELD(struct vio_description, num_queues, 8, unsigned);
FIELD(struct vio_description, device_config_size, 12, unsigned);
FIELD(struct vio_description, device_features, 16, uint32_t[VIO_MAX_FEATURE_WORDS]);

SIZE(struct vio_state, 32);
FIELD(struct vio_state, vsip, 0, struct vio_state_internal *);
FIELD(struct vio_state, qinfo, 8, struct vio_queue_info *);
FIELD(struct vio_state, driver_features, 16, uint32_t[VIO_MAX_FEATURE_WORDS]);

/* An anonymous union comes first. What is in data is own, and so are the places after it. */
FIELD(struct vio_queue_info, vq, 0, struct virtq *);
FIELD(struct vio_queue_info, pvq, 0, vq_t *);
FIELD(struct vio_queue_info, vsp, 8, struct vio_state *);
FIELD(struct vio_queue_info, data, 16, struct virtio_virtq_data);
FIELD(struct vio_queue_info, max_size, 16 + sizeof(struct virtio_virtq_data), unsigned);

SIZE(struct vio_iov, 40);
FIELD(struct vio_iov, vi_iov, 0, iov_t *);
FIELD(struct vio_iov, vi_paddrs, 8, struct __iovec64 *);
FIELD(struct vio_iov, vi_iov_len, 16, int);
FIELD(struct vio_iov, vi_reserved, 20, int);
FIELD(struct vio_iov, vi_flags, 24, unsigned);
FIELD(struct vio_iov, vi_hdr_len, 28, unsigned);
FIELD(struct vio_iov, vi_count, 32, int);
FIELD(struct vio_iov, vi_payload, 36, int);
TYPE(*(iov_t *)0, struct iovec);

IS(VIOVER_095, 0);
IS(VIOVER_100, 1);
IS(VIOVER_110, 2);

IS(VIOREF_CLASS_NOP, 0);
IS(VIOREF_CLASS_NOTIFY, 0x10000);
IS(VIOREF_CLASS_ENABLED, 0x20000);
IS(VIOREF_CLASS_RESET, 0x30000);
IS(VIOREF_CLASS_STATUS, 0x40000);
IS(VIOREF_CLASS_DEVCFG, 0x50000);
IS(VIOREF_CLASS_BUS_ERROR, 0x60000);
IS(VIOREF_CLASS_ERRNO, 0x70000);
IS(VIOREF_CLASS_MASK, 0xf0000);
IS(VIO_MAX_FEATURE_WORDS, 4);
