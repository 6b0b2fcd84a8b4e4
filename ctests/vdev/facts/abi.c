/* <qvm/abi.h>, which 7.0 has
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/abi.h>

#include "facts.h"

#if QVM_VDEV_ABI != 2019090401
#error "QVM_VDEV_ABI differs"
#endif
TYPE(QVM_VDEV_ABI, unsigned);
